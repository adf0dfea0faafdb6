package tag

// stopWords gives, by language in the order of languageCodes, the words of its
// grammar and those that mail begins and ends with. Accents do not count.
func stopWords() [languageCount]string {
	return [...]string{
		`le la les un une des du de et est sont dans pour par sur avec sans sous ce cette ces cet mon ma mes notre nos votre vos leur leurs
		je tu il elle nous vous ils elles on qui que quoi dont ou ne pas plus mais donc car si comme quand tres bien aussi encore deja toujours
		j l d c n s qu jusqu ai as a avons avez ont etes suis etait sera seront serait peut pouvez pouvons faut fait faire
		bonjour bonsoir merci cordialement salut madame monsieur bonne journee salutations ci joint jointe veuillez trouver suite voici
		aux au en y entre chez depuis lors afin apres avant demande devis facture commande livraison reunion rappel relance pouvez svp stp`,
		`the of and to in is that for it as was with be by on not he this are or his from at which but have an had they you were there one all
		we can her has been if more when will would who so no out up into our what them some could my your their its than then
		i me him she do does did don t just about any these those should please thank thanks hello hi dear regards best kind sincerely
		attached find let know order quote price invoice delivery meeting week today tomorrow yes how here very only as soon possible per`,
		`der die das und ist nicht ein eine einen einem einer zu den dem des mit auf fur von im in an als auch es sie er wir ihr ich du
		bei nach aus um am vom zum zur uber wie wenn aber oder dass sind war wird werden haben hat hatte kann konnen noch nur schon
		unser unsere ihre ihren bitte danke hallo guten tag sehr geehrte geehrter herr frau liebe lieber grusse freundlichen anbei
		angebot rechnung bestellung lieferung anfrage termin vielen dank gerne mochten wurden uns ihnen morgen heute unter wegen`,
		`el la los las un una unos unas de del y en que es por con para no se su sus al lo como mas pero o este esta estos estas ese esa
		yo tu nosotros usted ustedes le les me nos te ha han he hemos fue ser estar son muy ya tambien si sin sobre entre cuando donde
		hola buenos dias tardes gracias saludos cordial atentamente estimado estimada adjunto adjunta pedido factura oferta presupuesto
		reunion entrega favor puede podemos quedo desde hasta hoy manana porque todo todos mi mis tu parte cual segun`,
		`il lo la i gli le un uno una di del dello della dei degli delle e in che non per con su si come ma anche piu da dal dalla al alla
		nel nella sono ho ha abbiamo hanno essere questo questa questi queste quello nostro nostra vostro vostra suo sua ci vi mi ti
		ciao buongiorno buonasera grazie saluti cordiali distinti gentile egregio allegato allegata ordine fattura offerta preventivo
		riunione consegna prego posso possiamo potete oggi domani perche tutto tutti molto quando dove se ecco fatto va sul sulla sull all nell dall avete hai altre altri altro`,
		`de het een en van in is dat op te zijn met voor niet aan er om maar als bij nog uit ook naar dan die dit deze door over
		ik je jij u hij zij wij we ze ons onze uw mijn hun heb hebt heeft hebben had was werd worden wordt kan kunnen zou graag wel geen
		hallo beste geachte heer mevrouw dank bedankt groet groeten vriendelijke bijgevoegd bijlage bestelling factuur offerte
		levering vergadering afspraak vandaag morgen wil willen alvast jullie hierbij meer onder tegen na mij wat hoe waar zoals sinds komt gaat`,
		`o a os as um uma uns umas de do da dos das e em no na nos nas que nao por com para se seu sua seus suas ao aos mais mas como
		eu voce voces nos ele ela eles me lhe foi ser estar sao esta este esse essa isso muito ja tambem sem sobre entre quando onde
		ola bom dia boa tarde obrigado obrigada cumprimentos atenciosamente prezado prezada caro segue anexo anexa pedido fatura
		proposta orcamento reuniao entrega favor pode podemos hoje amanha porque tudo todos pelo pela ate conforme desculpe desde minha meu qual`,
	}
}

// commonWords gives, by language, words of everyday business. Only the pieces of three
// letters that they and the stop words are made of are kept: how a language's words
// look, for texts in which none of its stop words stands.
func commonWords() [languageCount]string {
	return [...]string{
		`prix tarif remise client clients fournisseur contrat avenant renouvellement signature proposition negociation marge objectif chiffre
		affaires marche concurrence technique installation maintenance garantie paiement echeance virement banque comptabilite achats acheteur
		transporteur entrepot palette colis reception expedition douane calendrier visite demonstration formation salon catalogue hausse baisse
		quantite unite reference pieces jointes dossier projet equipe responsable directeur direction societe entreprise adresse telephone semaine mois annee
		janvier fevrier mars avril juillet aout septembre octobre novembre decembre lundi mardi mercredi jeudi vendredi samedi dimanche
		aujourd demain hier prochaine derniere dernier nouveau nouvelle besoin question reponse attente retour information renseignements
		envoyer recevoir confirmer annuler valider preparer proposer transmettre expedier verifier remplacer souhaitons souhaitez pourriez
		impossible urgent disponible possible important certains plusieurs chaque autre meme toutes quelques pendant contre vers ainsi
		probleme defaut reclamation livree recue envoyee signee prevue reportee marchandise usine chantier travaux eau energie batiment
		vacances anniversaire famille enfants maison voiture soir matin bientot parfait entendu accord rendez passage depart arrivee`,
		`customer supplier contract amendment renewal signature proposal negotiation margin target revenue market competition technical
		installation maintenance warranty payment due transfer bank accounting purchasing buyer carrier warehouse pallet parcel shipment customs
		schedule scheduled visit training exhibition catalogue increase decrease quantity unit reference attachment file project team manager
		director company address phone number month year january february march april june july august september october november december
		monday tuesday wednesday thursday friday saturday sunday yesterday next last new need question answer reply information details
		send sent receive received confirm cancel approve prepare forward check replace wish wishing looking forward working thinking going
		impossible urgent available important several each other same every during against toward therefore problem fault issue complaint
		failed failure required download updated changed started finished losses total fees orange hour ahead list things people making
		goods plant site works water energy building power trading gas holiday birthday family kids house car night soon great right
		through though enough which while where whether something anything nothing between before after again always never`,
		`kunde kunden lieferant vertrag nachtrag verlangerung unterschrift vorschlag verhandlung ziel umsatz markt wettbewerb technisch
		einbau wartung gewahrleistung zahlung falligkeit uberweisung buchhaltung einkauf einkaufer spedition lager palette paket versand zoll
		zeitplan besuch vorfuhrung schulung messe katalog erhohung senkung menge stuck anlage akte projekt mannschaft leiter geschaftsfuhrer
		firma gesellschaft adresse telefon woche monat jahr januar februar marz juli oktober dezember montag dienstag mittwoch
		donnerstag freitag samstag sonntag gestern nachste letzte neue neuer bedarf frage antwort ruckmeldung auskunft senden erhalten
		bestatigen stornieren freigeben vorbereiten weiterleiten prufen ersetzen mochte wunschen moglich dringend verfugbar wichtig mehrere jeder
		andere gleiche wahrend gegen schaden fehler beschwerde geliefert gesendet unterschrieben geplant verschoben ware werk baustelle wasser
		energie gebaude urlaub geburtstag familie kinder haus wagen abend fruh bald ordnung einverstanden zeichnung pumpe laufen kommt`,
		`cliente clientes proveedor contrato renovacion firma propuesta negociacion objetivo ventas mercado competencia tecnico instalacion
		mantenimiento garantia pago vencimiento transferencia banco contabilidad compras comprador transportista almacen paquete envio aduana
		calendario visita demostracion formacion feria catalogo aumento descuento cantidad unidad referencia expediente proyecto equipo
		responsable director empresa direccion telefono semana mes ano enero febrero marzo abril julio agosto septiembre octubre noviembre diciembre
		lunes martes miercoles jueves viernes sabado domingo ayer proxima ultima nuevo nueva necesidad pregunta respuesta informacion
		enviar recibir confirmar cancelar aprobar preparar reenviar comprobar sustituir queremos deseamos posible urgente disponible importante
		varios cada otro mismo todas durante contra hacia problema fallo reclamacion entregado enviado firmado previsto aplazado mercancia
		fabrica obra agua energia edificio vacaciones cumpleanos familia hijos casa coche noche pronto perfecto bomba precio mejor planos arranca`,
		`cliente clienti fornitore contratto rinnovo firma proposta trattativa obiettivo vendite mercato concorrenza tecnico installazione
		manutenzione garanzia pagamento scadenza bonifico banca contabilita acquisti acquirente corriere magazzino bancale pacco spedizione dogana
		calendario visita dimostrazione formazione fiera catalogo aumento sconto quantita unita riferimento pratica progetto squadra
		responsabile direttore azienda societa indirizzo telefono settimana mese anno gennaio febbraio marzo aprile luglio agosto settembre ottobre
		lunedi martedi mercoledi giovedi venerdi sabato domenica ieri prossima ultima nuovo nuova bisogno domanda risposta informazioni
		inviare ricevere confermare annullare approvare preparare inoltrare controllare sostituire vorremmo desideriamo possibile urgente disponibile
		importante diversi ogni stesso tutte durante contro verso problema difetto reclamo consegnato spedito firmato previsto rimandato merce
		stabilimento cantiere acqua energia edificio vacanze compleanno famiglia figli casa macchina sera presto perfetto pompa prezzo migliore disegni parte`,
		`klant klanten leverancier contract verlenging handtekening voorstel onderhandeling doel omzet markt concurrentie technisch plaatsing
		onderhoud garantie betaling vervaldag overschrijving boekhouding inkoop inkoper vervoerder magazijn pakket verzending douane planning
		bezoek demonstratie opleiding beurs catalogus verhoging verlaging hoeveelheid stuk bestand dossier project ploeg verantwoordelijke directeur
		bedrijf vennootschap adres telefoon week maand jaar januari februari maart april juli augustus oktober maandag dinsdag woensdag
		donderdag vrijdag zaterdag zondag gisteren volgende laatste nieuwe nieuw behoefte vraag antwoord inlichtingen sturen ontvangen
		bevestigen annuleren goedkeuren voorbereiden doorsturen nakijken vervangen wensen mogelijk dringend beschikbaar belangrijk verschillende
		elke andere dezelfde tijdens probleem gebrek klacht geleverd verzonden ondertekend voorzien uitgesteld goederen fabriek werf
		water energie gebouw vakantie verjaardag familie kinderen huis wagen avond vroeg straks perfect pomp prijs beste tekeningen start monteur`,
		`cliente clientes fornecedor contrato renovacao assinatura negociacao objetivo vendas mercado concorrencia tecnico instalacao
		manutencao garantia pagamento vencimento transferencia banco contabilidade compras comprador transportadora armazem palete encomenda envio alfandega
		calendario visita demonstracao formacao feira catalogo aumento desconto quantidade unidade referencia processo projeto equipa equipe
		responsavel diretor empresa sociedade endereco telefone semana mes ano janeiro fevereiro marco abril julho agosto setembro outubro dezembro
		segunda terca quarta quinta sexta sabado domingo ontem proxima ultima novo nova necessidade pergunta resposta informacoes
		enviar receber confirmar cancelar aprovar preparar reencaminhar verificar substituir queremos desejamos possivel urgente disponivel importante
		varios cada outro mesmo todas durante contra problema defeito reclamacao entregue enviado assinado previsto adiado mercadoria
		fabrica obra agua energia edificio ferias aniversario familia filhos casa carro noite breve perfeito bomba preco melhor desenhos`,
	}
}
